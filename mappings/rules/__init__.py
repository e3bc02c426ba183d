"""The rules: what every number means, as pure functions of facts, policy and time."""
