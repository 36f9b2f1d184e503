"""One file per `action=`."""
