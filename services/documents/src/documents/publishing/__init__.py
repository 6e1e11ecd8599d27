"""What an office makes public (信息公开): written, checked, reviewed in three steps, published as it was approved."""
