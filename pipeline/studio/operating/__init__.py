"""What those who run a Studio look at: health, metrics, logs, and how it stops.

Imports the Studio's parts; nothing here knows the API's resources.
"""
