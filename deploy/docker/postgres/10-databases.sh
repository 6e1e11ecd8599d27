#!/bin/bash
# Runs once, when the data volume is empty: a database and a role for each service, each closed to the others.
set -euo pipefail
sql() { psql --set ON_ERROR_STOP=1 --quiet --no-psqlrc --username "$POSTGRES_USER" --dbname postgres "$@"; }

sql --command 'REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC'
for service in intake routing documents notify analytics portal; do
  variable="${service^^}_DB_PASSWORD"
  : "${!variable:?}"
  # \getenv: a password on a command line would be seen by everybody who lists processes
  sql --set name="$service" --set variable="$variable" <<'SQL'
\getenv secret :variable
CREATE ROLE :"name" LOGIN PASSWORD :'secret';
CREATE DATABASE :"name" OWNER :"name";
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
SQL
done
