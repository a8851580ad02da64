"""What people read, in Chinese and English: one alert, a digest, another event."""
