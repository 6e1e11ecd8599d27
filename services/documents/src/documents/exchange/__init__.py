"""Official papers sent from unit to unit (公文交换), and bulletins (简报) that go up."""
