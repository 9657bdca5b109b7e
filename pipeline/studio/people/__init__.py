"""The page for people: what a Studio holds, shown in a browser.

Made on the server, read only, and usable without scripts. Imports the Studio's parts; nothing of
the Studio but the app knows it.
"""
