"""The commands of `mentorkit`, one module for each part of the job; only they and `cli` know click.

They hold no rules: each turns what was typed into one call, and what came back into lines or JSON.
"""
