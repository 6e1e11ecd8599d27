"""What people hand in: scanned pages, attachments."""
