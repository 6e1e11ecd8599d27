"""The desk (短信坐席): operators read what telephones sent, answer it, hand it on, and make petitions of it by hand."""
