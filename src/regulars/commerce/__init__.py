"""What was bought: products, orders, lines, payments and refunds, without receivers."""
