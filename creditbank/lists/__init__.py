"""Lists: the three lists (三张清单) of needs, resources and projects, and who is on duty.

``entries`` what was raised · ``raisers`` by whom · ``triage`` it becomes a task or is closed ·
``organisations`` the partners · ``rota`` which of them is on duty in which week ·
``entry_errors`` what can go wrong.
"""
