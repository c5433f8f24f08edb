"""What `gradlab` starts. It sees to it that Gradlab finds its own modules, and does nothing else.

The names of our packages are common ones: a student's folder may well hold a core.py or a data/.
"""
