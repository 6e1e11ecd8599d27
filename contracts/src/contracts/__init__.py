"""The shared language: what services and nodes say to each other, versioned."""
