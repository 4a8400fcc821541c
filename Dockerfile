# A machine to grade on, without a GPU and without rights:
#
#     docker build --tag d2lmini-course .
#
# The guide for instructors says how to run it (book/guide/instructor.md).
FROM python:3.12-slim

# Bubblewrap builds the walls around each submission, util-linux bounds them.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends bubblewrap fonts-dejavu-core \
       util-linux \
    && rm -rf /var/lib/apt/lists/*

RUN pip install --no-cache-dir torch torchvision \
    --index-url https://download.pytorch.org/whl/cpu

COPY pyproject.toml README.md LICENSE /book/
COPY d2lmini /book/d2lmini
RUN pip install --no-cache-dir "/book[course]"

RUN useradd --create-home grader
USER grader
WORKDIR /course
ENTRYPOINT ["d2lmini-grade"]
