"""The job, one module per step: recruit, screen, onboard, match, accept, meet.

Every function takes ``(kit, *, tenant, actor, ...)`` and gives back plain JSON data; pages, API,
CLI and worker call these same functions. Who may do a thing is checked here.
"""
