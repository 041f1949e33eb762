"""What running costs, and whether the rules of data, access and review are kept."""
