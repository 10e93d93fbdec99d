"""The commands: stdout is data, stderr is narration, exit codes are documented in docs/commands.md."""
