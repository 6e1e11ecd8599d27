"""The whole of a case in one file (电子卷宗), which proves itself."""
