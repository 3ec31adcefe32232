// Placeholder of the module Reports; replaced by its first real file.
