"""The workspace: answers by content, runs as folders."""
