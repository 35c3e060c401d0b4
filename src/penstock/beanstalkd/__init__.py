"""Coming from beanstalkd: what its binlog holds."""
