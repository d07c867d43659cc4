"""What the pages read: values joined from several apps, masked, within the reader's scope."""
