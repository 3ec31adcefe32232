// Placeholder of the module MutualInformation; replaced by its first real file.
