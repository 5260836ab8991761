"""The recommender in Slack. See docs/slack.md."""
