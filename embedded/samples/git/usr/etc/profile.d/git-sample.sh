# Tells a visitor of the sample that this release has git.
export SAMPLE_HAS_GIT=1
