# A machine to grade on, without a GPU and without privileges:
#
#     docker build --tag d2lmini-course .
#
# The guide for instructors says how to run it (book/guide/instructor.md).
FROM python:3.12-slim

# Bubblewrap builds the walls around each submission, util-linux bounds them.
# Debian removes old versions from its archive, so that a pinned one stops building:
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends bubblewrap fonts-dejavu-core \
       util-linux \
    && rm -rf /var/lib/apt/lists/*

# What the package allows, it works with; the newest of it has the fewest holes:
# hadolint ignore=DL3013
RUN pip install --no-cache-dir torch torchvision \
    --index-url https://download.pytorch.org/whl/cpu

COPY pyproject.toml README.md LICENSE /book/
COPY d2lmini /book/d2lmini
RUN pip install --no-cache-dir "/book[course]"

# A number, since a cluster may ask for one that is not root.
RUN useradd --create-home --uid 1000 grader
USER 1000
WORKDIR /course
ENTRYPOINT ["d2lmini-grade"]
