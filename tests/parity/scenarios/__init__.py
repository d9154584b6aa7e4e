"""What is asked of both servers: one module a world, SETUP and SCENARIOS as data (see harness.scenario)."""
