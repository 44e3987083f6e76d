"""What `ops doctor` looks at: each module examines one thing and says what to do where it is not well."""
