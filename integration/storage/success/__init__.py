"""Success: whom we approached and who asked not to be; what customers reached and answered."""
