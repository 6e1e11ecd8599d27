"""What gateways have truly brought: how much of what they took arrived, and how soon."""
