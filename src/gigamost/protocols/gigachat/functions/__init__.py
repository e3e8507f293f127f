"""What every version of GigaChat's wire shares about functions: their schemas, names, arguments and results."""
