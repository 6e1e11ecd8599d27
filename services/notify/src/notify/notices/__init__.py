"""Mass notices (群发通知): one text to many petitioners, seen by four eyes before anything leaves."""
