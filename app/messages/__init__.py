"""The outbox and the inbox: a message is queued under its business key, checked at the gate, sent, and followed up."""
