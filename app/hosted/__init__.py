"""Pages for connected accounts, outside Shopify: join, set up a number and words, see and answer customers, leave.

guest.py     anybody's request          member.py    who is signed in        doors.py      coming in and going out
landing.py   the sign-in page           page.py      rendering, headers      snippet.py    the script for other sites
"""
