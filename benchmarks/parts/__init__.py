"""Figures that an area takes together from several modules, and the people they measure with."""
