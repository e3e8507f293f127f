"""What is kept between a client's requests: pure rules of order, limits, time, and the words for what is not there."""
