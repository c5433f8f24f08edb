"""What is wrong: which reference network a student's code is, and which mistake gives its gradients.

Here live the reference networks and layers, the catalogues of mistakes and the search through them; all of it runs in
the lab's process on plain arrays. What runs a student's file, or prints, must not live here.
"""
