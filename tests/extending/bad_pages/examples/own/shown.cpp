int shown() { return 0; }
