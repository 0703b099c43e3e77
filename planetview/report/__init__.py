"""What a study leaves behind for readers: tables for machines, one HTML page for people."""
