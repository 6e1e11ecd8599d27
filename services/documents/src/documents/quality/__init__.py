"""Case quality review (案件评查): closed cases drawn at random, looked at by a checklist, put right, reported on."""
