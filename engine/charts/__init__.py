"""Results become plotly figures: pure functions that pages and reports share."""
