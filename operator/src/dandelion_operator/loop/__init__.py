"""The reconcile of a resource: its four steps, the work queue, and what enqueues."""
