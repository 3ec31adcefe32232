// Placeholder of the module Models; replaced by its first real file.
