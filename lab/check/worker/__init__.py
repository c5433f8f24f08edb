"""What runs in the process of a student's file: loading it, recognising its code, answering questions about it.

Nothing of Gradlab is imported here, only the standard library, NumPy and this folder's own modules by relative
imports: the process loads the folder as a package called gradlab_student (start.py), and the student's file sees
none of ours. Judging the answers is the lab's side, lab/check/student.py.
"""
