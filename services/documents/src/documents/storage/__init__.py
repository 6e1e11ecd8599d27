"""Where bytes are kept: sealed, under their content's name, in a directory or behind the S3 API."""
