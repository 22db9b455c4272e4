"""What measures: clients, servers, statistics, tables. What is measured is in the modules beside this folder."""
