"""Makes a folder equal to the working tree. Only what differs is written, so that the rest stays built.

usage: git ls-files -z --cached --others --exclude-standard | copy.py ROOT FOLDER
"""

import os
import shutil
import sys

root, folder = sys.argv[1:]


def read(path):
    with open(path, "rb") as file:
        return file.read()


for name in sys.stdin.buffer.read().decode().split("\0"):
    here, there = os.path.join(root, name), os.path.join(folder, name)
    if os.path.isfile(here) and not (os.path.isfile(there) and read(here) == read(there)):
        os.makedirs(os.path.dirname(there), exist_ok=True)
        shutil.copyfile(here, there)
        shutil.copymode(here, there)
for path, _, names in os.walk(folder):
    for name in names:
        there = os.path.join(path, name)
        if not os.path.isfile(os.path.join(root, os.path.relpath(there, folder))):
            os.remove(there)
