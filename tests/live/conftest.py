"""Runs here leave no pictures either."""

from training.conftest import quick_pictures

__all__ = ["quick_pictures"]
