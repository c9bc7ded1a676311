"""What leaves the tool: pictures to share."""
