"""`python edgetpu_ci/worker`: one request on standard input, its answer on standard output."""

from edgetpu_worker.answering import main

main()
