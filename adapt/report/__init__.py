"""Reports: tables, statistics, figures and pages made from records."""
