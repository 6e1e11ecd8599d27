"""Viewing copies (查阅副本): what a person is shown of a PDF or a picture, each page marked with who looks and when."""
