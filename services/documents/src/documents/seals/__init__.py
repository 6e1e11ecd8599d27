"""Official papers (正式文书): numbers, seals, signatures, and that nobody changes what was sealed."""
