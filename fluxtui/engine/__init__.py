"""Runs batches: plan, quote, runner, lanes, resend rules, budget."""
